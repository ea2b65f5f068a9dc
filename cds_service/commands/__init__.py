"""Commands that are large enough for a module of their own; `cds_service.cli` attaches them."""
