"""Views turn a report into text, HTML or a figure; they compute no cost."""
