"""Everything that knows DVC and Git.

Nothing is imported here: importing DVC takes seconds, and stages import
``langsig.repository.warm`` when they start.
"""
