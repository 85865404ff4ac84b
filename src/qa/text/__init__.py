"""What is known of writing: languages, sentences, dates, names."""
