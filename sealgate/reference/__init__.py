"""Reference pages that are made of the code they speak of."""
