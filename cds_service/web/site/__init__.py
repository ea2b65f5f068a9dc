"""The pages for people: sign-in, review, intake, oversight. Server-rendered; scripts only make them lighter to use."""
