"""The typed client: events to match on, questions to answer, runs to come back to.

    make run                                              # in the repository, in another terminal
    pip install ./clients/python
    python examples/typed_client.py "What is 37*43, and what time is it in Tokyo?"
    python examples/typed_client.py --resume <run> --after <event>      # where one of them was left

With the agent of examples/approving.py it asks you before anything is announced. CHAINSTREAM_URL and
CHAINSTREAM_KEY say where the service is and who asks; Ctrl-C cancels the run.
"""

import argparse
import os
import sys

from chainstream_client import (
    Approval,
    ApprovalRequest,
    Approve,
    Cancelled,
    Chainstream,
    ChainstreamError,
    ConnectionFailed,
    Decision,
    Done,
    Edit,
    Event,
    Gap,
    Reject,
    Restart,
    Retry,
    RunError,
    RunStarted,
    RunStream,
    StreamTruncated,
    Token,
    ToolEnd,
    ToolError,
    ToolStart,
)

URL = os.environ.get("CHAINSTREAM_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("CHAINSTREAM_KEY")
QUESTION = "What is 37*43, and what time is it in Tokyo?"


def show(event: Event) -> None:
    """What a person wants to see of it; the type checker knows each event's fields."""
    match event:
        case RunStarted():
            print(f"Run {event.run_id}: {event.chain} on {event.model}")
        case Token(channel="answer"):
            print(event.text, end="", flush=True)
        case ToolStart():
            print(f"\n→ {event.name} {event.input}")
        case ToolEnd():
            print(f"← {event.output}")
        case ToolError():
            print(f"✗ {event.message}")
        case Restart():
            print(f"\n[{event.model} failed: what it said counts no more, {event.next_model} answers]")
        case Gap():
            answer = "".join(each.text for each in event.snapshot.messages if each.channel == "answer")
            print(f"\n[events were lost; the answer so far:]\n{answer}", end="")
        case Done():
            tokens, first = event.usage.output_tokens, event.ttft_ms
            print(f"\n— {tokens} tokens, the first after {first} ms, all in {event.duration_ms} ms")


def check(event: Event) -> None:
    """Ends the program with a sentence where the run did not succeed."""
    match event:
        case RunError():
            sys.exit(f"\n{event.code}: {event.message}")
        case Cancelled():
            sys.exit(f"\nThe run was cancelled: {event.reason}.")


def decision_on(request: ApprovalRequest) -> Decision:
    """Yes, no, or other arguments: what a person says to one call."""
    print(f"\n? {request.name} {request.input}")
    said = input("  y, n, or the text that it should be: ").strip()
    if said in ("y", "yes"):
        return Approve()
    if said in ("", "n", "no"):
        return Reject(message="The person said no.")
    return Edit(args={**request.input, "text": said})


def follow(stream: RunStream) -> None:
    """Show a run to its end. Where it waits for a person, the answer lets the same stream go on."""
    open_questions: list[Approval] = []
    while True:
        for event in stream:
            show(event)
            check(event)
            if isinstance(event, Approval):
                open_questions.append(event)
        if not open_questions:
            return
        for question in open_questions:
            stream.decide(question, [decision_on(request) for request in question.requests] or [Approve()])
        open_questions.clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("question", nargs="*", default=[QUESTION])
    parser.add_argument("--chain", default="agent")
    parser.add_argument("--resume", metavar="RUN", help="a run to come back to")
    parser.add_argument("--after", metavar="EVENT", help="the last event of it that was seen")
    given = parser.parse_args()

    with Chainstream(URL, api_key=KEY) as client:
        stream = (
            client.resume(given.resume, after=given.after)
            if given.resume
            else client.stream(" ".join(given.question), chain=given.chain)
        )
        try:
            with stream:
                follow(stream)
        except StreamTruncated as cut:
            sys.exit(f"\n{cut}\nCome back by: --resume {cut.run_id} --after {cut.cursor}")
        except EOFError:
            sys.exit(f"\nNobody answered, so the run waits. Come back by: --resume {stream.run_id}")
        except KeyboardInterrupt:
            client.cancel(stream.run_id)
            sys.exit("\nCancelled.")


def is_there() -> bool:
    """Whether there is a service at all; runs themselves wait long for one that is gone for a moment."""
    with Chainstream(URL, api_key=KEY, retry=Retry(attempts=1)) as client:
        try:
            client.chains()
        except ConnectionFailed:
            return False
    return True


if __name__ == "__main__":
    try:
        if not is_there():
            sys.exit(f"There is no service at {URL}: start it with `make run`, or set CHAINSTREAM_URL.")
        main()
    except ChainstreamError as error:
        sys.exit(str(error))
