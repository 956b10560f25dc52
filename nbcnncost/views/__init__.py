"""Views turn a report into text, HTML or a figure; they compute no cost."""

#: How an answer can show itself.
VIEWS = ("table", "chart", "both")
