"""The canvas in a real browser, in JupyterLab, in Notebook 7 and on the page of `make demo`.

conftest.py starts the browser and the servers, places.py opens their pages, pad.py draws and looks, probe.py holds what
the notebooks of these tests run.
"""
