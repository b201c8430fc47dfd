"""The widget in every state and in four themes, for a designer: ``/gallery/`` with DEBUG."""
