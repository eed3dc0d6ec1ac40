"""Where faces are in a picture, drawn ones and those of people.

Nothing is imported here: finding needs OpenCV, which classifying is installed without.
"""
