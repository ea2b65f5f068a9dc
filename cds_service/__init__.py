"""A CDS Hooks service: clinical rules, guideline retrieval and a local language model behind one gate."""

__version__ = "0.1.0"
