"""Knowledge of writing: languages, sentences, dates, names."""
