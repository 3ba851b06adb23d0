"""The command line: one module per command, registered in `hub.__main__`. Open `root.py` first.

https://click.palletsprojects.com/ · https://clig.dev/
"""
