"""The canvas alone as a web page: `make demo`.

__main__.py reads the options, server.py is Voila with what a public page needs, visitors.py gives each visitor a kernel
and takes it away, page/ holds how the page looks, and draw.ipynb is the notebook that it runs.
"""
