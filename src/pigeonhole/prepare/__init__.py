"""From whole pictures to training pictures, in a folder that a killed run goes on with. It knows no films.

Nothing is imported here: each command loads only what it needs.
"""
