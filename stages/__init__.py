"""The stages of the pipeline: each module reads parameters and files, calls the library and
writes files. ``python -m stages NAME [ARGUMENT ...]`` runs one."""
