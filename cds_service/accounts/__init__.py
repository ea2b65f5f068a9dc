"""Who works in the clinic: roles, accounts, sign-in and sessions."""
