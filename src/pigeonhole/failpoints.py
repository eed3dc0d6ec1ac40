"""Where a picture's way into its place could be cut."""


def failpoint(name: str) -> None:
    """Do nothing. A test's driver puts itself here and stops the process, to see that any step may be the last one."""
