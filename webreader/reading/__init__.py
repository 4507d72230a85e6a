"""The pages of a reader: what there is to read, one message, what came with it, a second lock."""
