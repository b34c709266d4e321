//! The codes of mistakes in the words and signs of a rule file.
