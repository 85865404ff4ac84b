"""What any program needs: folders, logs, a stopwatch."""
