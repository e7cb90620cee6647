"""A naive reader of line protocol, character by character; the reference for the fast reader."""

NUMBER_SIGNS = set("0123456789+-.eE")


class Bad(Exception):
    pass


def naive_parse(text):
    """A list of (line number, measurement, tags, fields, timestamp or None) and the numbers of the refused lines.
    A field is a number, or None where it is a text."""
    good, bad, at, line = [], [], 0, 1
    while at < len(text):
        reader = Reader(text, at)
        try:
            points = reader.line()
        except Bad:
            bad.append(line)
            at, line = next_line(text, at), line + 1
            continue
        try:
            if points:
                key, fields, time = points
                measurement, tags = Reader(key, 0).series()
                good.append((line, measurement, tags, {name: number(v) for name, v in fields}, time))
        except Bad:
            bad.append(line)
        line += text[at : reader.at].count("\n")
        at = reader.at
    return good, bad


def next_line(text, at):
    while at < len(text) and text[at] != "\n":
        at += 1
    return at + 1


class Reader:
    def __init__(self, text, at):
        self.text, self.at = text, at

    def sign(self):
        return self.text[self.at] if self.at < len(self.text) else ""

    def escaped(self):
        return self.at > 0 and self.text[self.at - 1] == "\\"

    def skip(self, signs):
        start = self.at
        while self.sign() and self.sign() in signs:
            self.at += 1
        return self.at > start

    def until(self, ends):
        """Text up to an end that is not escaped; a newline always ends."""
        start = self.at
        while self.sign() and self.sign() != "\n" and (self.sign() not in ends or self.escaped()):
            self.at += 1
        if self.at == start:
            raise Bad
        return self.text[start : self.at]

    def take(self, sign):
        if self.sign() != sign:
            raise Bad
        self.at += 1

    def line(self):
        self.skip(" \t\r")
        if self.sign() == "#":
            while self.sign() not in ("\n", ""):
                self.at += 1
        if self.end():
            return None
        key = self.until(" ")
        if not self.skip(" "):
            raise Bad
        fields = [self.field()]
        while self.sign() == ",":
            self.at += 1
            fields.append(self.field())
        time = self.time() if self.skip(" ") else None
        if not self.end():
            raise Bad
        return key, fields, time

    def series(self):
        measurement, tags = unescape(self.until(", "), ", "), {}
        while self.sign() == ",":
            self.at += 1
            key = unescape(self.until(",= "), ",= ")
            self.take("=")
            value = unescape(self.until(",= "), ",= ")
            if key in tags:
                raise Bad
            tags[key] = value
        if self.sign():
            raise Bad
        return measurement, tags

    def end(self):
        self.skip(" \t\r")
        if self.sign() == "\n":
            self.at += 1
            return True
        return self.sign() == ""

    def field(self):
        key = unescape(self.until(",= "), ",= ")
        self.take("=")
        return key, self.quoted() if self.sign() == '"' else self.bare()

    def quoted(self):
        start = self.at
        self.at += 1
        while self.sign() != '"':
            if not self.sign():
                raise Bad
            self.at += 2 if self.sign() == "\\" else 1
        self.at += 1
        return self.text[start : self.at]

    def bare(self):
        start = self.at
        while self.sign() and self.sign() not in ', "\t\r\n':
            self.at += 1
        if self.at == start:
            raise Bad
        return self.text[start : self.at]

    def time(self):
        start = self.at
        if self.sign() == "-":
            self.at += 1
        while self.sign() and self.sign() in "0123456789":
            self.at += 1
        written = self.text[start : self.at]
        if written in ("", "-"):
            if written or self.sign() not in ("", "\t", "\r", "\n"):
                raise Bad
            return None
        return int(written)


def unescape(text, signs):
    out, at = "", 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in signs:
            at += 1
        out += text[at]
        at += 1
    return out


def number(written):
    """None for a text."""
    if written.startswith('"'):
        return None
    if written in ("t", "T", "true", "True", "TRUE"):
        return 1.0
    if written in ("f", "F", "false", "False", "FALSE"):
        return 0.0
    digits = written[:-1] if written[-1] in "iu" else written
    if digits != written and set(digits) & set("eE."):
        raise Bad
    if written[-1] == "u" and digits.startswith("-") and digits.strip("-0"):
        raise Bad
    if not set(digits) <= NUMBER_SIGNS:
        raise Bad
    try:
        value = float(digits)
    except ValueError as error:
        raise Bad from error
    maximum = {"i": 2**63 - 1, "u": 2**64 - 1}.get(written[-1])
    if abs(value) == float("inf") or (maximum and not -maximum - 1 <= int(digits) <= maximum):
        raise Bad
    return value
