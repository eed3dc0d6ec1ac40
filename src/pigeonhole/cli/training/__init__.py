"""Commands that need labelled pictures or torch. They know how results are shown, not how anything is trained."""
