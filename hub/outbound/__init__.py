"""The hub as one who asks: addresses that others name are fetched here, behind one guard, and nowhere else.

https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""
