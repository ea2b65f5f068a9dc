"""Guidelines: what the clinic's sources say about a case.

    schema     what a guideline file must say of itself, and the guideline that comes of it
    formats    Markdown, text, HTML and PDF -> headings and words
    source     folders -> guidelines, and refusals that name file and field
    chunk      guideline -> passages with stable ids
    text       text -> stems, neighbours, pieces of words, sentence pairs
    lexical    BM25 over passages and over pieces of words
    embedder   text -> vectors; `vectors` holds those of the packaged guidelines
    ranking    words and meanings -> one score
    index      passages, words and vectors -> the best passages for this person (memory); `chroma` keeps them on disk
    build      sources -> a new index version, switched in by a pointer file
    query      de-identified case + findings -> questions; `spelling` and `naming` help them
    notes      the patient's own earlier notes -> passages, kept nowhere
    retriever  de-identified case + findings -> the few passages worth showing

Past the gate: nothing here accepts identified data.
"""
