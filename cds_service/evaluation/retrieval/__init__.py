"""How well questions find their passages: on data in the BEIR layout, and on charts of our own."""
