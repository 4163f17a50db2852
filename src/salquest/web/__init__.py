"""The demo: a page in the browser that predicts and compares, and the small server behind it, which keeps nothing and fetches nothing.

    serving   a socket, an address, and the server on it        app      the routes
    guard     who may ask, and what every answer's headers say  line     work done one after another, in a bounded line
    shelf     pictures and maps in memory, never on the disk    limits   how much one may ask for
    offered   the models, loaded when they are first wanted     scoring  a map against fixations given as text
    samples   pictures that travel with the package             page/    HTML, CSS and JavaScript as they are served

Needs the part [demo] of the installation (Starlette, uvicorn); `salquest.web.serving` and `salquest.web.app` say so where it is missing.
"""
