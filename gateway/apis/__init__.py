"""HTTP, a folder for each whose clients call it; what they share is beside the folders."""
