"""The demonstration: fictional associations with the files they really have, and the main job from end to end.

Nothing here is faked: real files, a real database, real HTTP on loopback, a key and a token for each party.
"""
