"""The client for programs that run an event loop. What waits instead is made from it.

Made from asynchronous/__init__.py by `python -m client.generate`; not to be edited.
"""
