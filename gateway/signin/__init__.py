"""Who may sign in to send: one module for each place that can say so."""
