#!/usr/bin/env python3
import sys

from registrar.environment import load_environment


def main():
    load_environment()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
