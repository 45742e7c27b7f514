"""Tests of what people see, with the libraries that show it to them."""
