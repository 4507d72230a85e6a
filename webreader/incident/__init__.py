"""The report about a message that went to the wrong person, in the forms that people need."""
