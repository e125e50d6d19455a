"""The canvas alone as a web page: `make demo`.

__main__.py reads the options, server.py is Voila with what a public page needs, visitors.py gives each visitor a kernel
and takes it away, page/ is how it looks, draw.ipynb is what it runs.
"""
