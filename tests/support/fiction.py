"""Names that nobody bears, for made-up charts."""

GIVEN = [
    "Quentin",
    "Zelda",
    "Ottoline",
    "Thaddeus",
    "Ingeborg",
    "Marisol",
    "Bartholomew",
    "Yevgenia",
    "Cosima",
    "Ignatius",
]
