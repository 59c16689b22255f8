if __name__ == "__main__":
    print("a raw file is not run as a program")
print(__name__)
