"""A person at a terminal of the box: what asks is answered, each question once and in its order."""
import os
import pty
import select
import signal
import termios
import time

from box import COMMAND, Ran
from waiting import PATIENCE_S, until


class Ended:
    """As of a command that nobody answered, for `Ran`."""

    def __init__(self, returncode, stdout):
        self.returncode, self.stdout, self.stderr = returncode, stdout, ""


def echoes(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def converse(arguments, answers):
    """Runs a command at a terminal. `answers` are pairs: words of the question, and what is typed after them. Gives what the
    terminal showed; a question that never came is an error, as is one that nobody answers."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(COMMAND[0], [*COMMAND, "TERM=xterm", *arguments])
    shown, seen, open_answers = "", 0, list(answers)
    deadline = time.monotonic() + 4 * PATIENCE_S
    try:
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                read = os.read(terminal, 65536)
            except OSError:  # What a terminal says when nobody has it open any more.
                break
            shown += read.decode(errors="replace")
            while open_answers and (at := shown.find(open_answers[0][0], seen)) >= 0:
                question, answer = open_answers.pop(0)
                seen = at + len(question)
                if "not shown" in shown[at:]:
                    # No person is quick enough to type between the question and the end of the echo.
                    until("the terminal shows no more of what is typed", lambda: not echoes(terminal))
                os.write(terminal, f"{answer}\n".encode())
        else:
            os.kill(child, signal.SIGKILL)
            raise AssertionError(f"{arguments} does not end; next was to be answered {open_answers[:1]}\n{shown}")
    finally:
        os.close(terminal)
        _, status = os.waitpid(child, 0)
    if open_answers:
        raise AssertionError(f"{arguments} never asked {open_answers[0][0]!r}\n{shown}")
    return Ran(arguments, Ended(os.waitstatus_to_exitcode(status), shown))
