"""The Flesch-Kincaid grade of English text, with syllables counted by their vowels."""

import re


def grade(text):
    """0.39 words a sentence + 11.8 syllables a word - 15.59 (Kincaid et al., 1975)."""
    sentences = [s for s in re.split(r"[.?!]+(?:\s|$)", text) if re.search(r"[A-Za-z]", s)]
    words = re.findall(r"[A-Za-z']+|\d+", text)
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(_syllables, words)) / len(words) - 15.59


def _syllables(word):
    """Groups of vowels, without a silent e at the end."""
    word = word.lower()
    silent = word.endswith("e") and not word.endswith(("le", "ee")) and len(word) > 3
    return max(1, len(re.findall(r"[aeiouy]+", word)) - silent)
