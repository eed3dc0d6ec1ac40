"""Commands that need a model or a sorted folder. They run where nothing that only training needs is installed."""
