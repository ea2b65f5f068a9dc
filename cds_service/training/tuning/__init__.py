"""Knowledge injection and tuning: LoRA adapters for any causal or seq2seq model, on the CPU or a GPU, offline.

`run.py` reads like a run: the run file, the data and what is wrong with them, the base model, the adapter, the training
with its checkpoints, and what is written at the end.
"""
