"""The search index, and what is read from it: lists, filters, search and suggestions."""
