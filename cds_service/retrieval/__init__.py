"""Guidelines: what the clinic's sources say about a case.

    source     Markdown file with front matter -> Guideline, or a refusal that names file and field
    chunk      Guideline -> passages with stable ids
    embedder   text -> vectors
    index      passages + vectors -> the nearest passages for this person (memory); `chroma` keeps them on disk
    build      sources -> a new index version, switched in by a pointer file
    retriever  de-identified case + findings -> the few passages worth showing

Past the gate: nothing here accepts identified data.
"""
