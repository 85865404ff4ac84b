"""Tools that any program needs: folders, files, logs, a stopwatch."""
