"""The canvas alone as a web page: `make demo`.

__main__.py reads the options, server.py is Voila with what a public page needs, door.py decides which requests come in
and messages.py what a page may say to its kernel, visitors.py gives each visitor a kernel and takes it away, log.py
keeps the terminal readable, page/ holds how the page looks, and draw.ipynb is the notebook that it runs.
"""
