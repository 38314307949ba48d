"""Makes AWS calls with boto3, one a line, for a test in another language.

Reads {"service", "operation", "input"} from standard input and answers
{"output"} or {"error": {"code", "message", "status"}}, each one line of JSON.
Times are answered as seconds since 1970. The endpoint, account and Region are
the arguments: driver.py URL ACCOUNT REGION.
"""

import base64
import datetime
import json
import sys

import boto3
import botocore.config
import botocore.exceptions
import botocore.parsers


def plain(value):
    """Turns what json doesn't know into what it knows."""
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value)} in an answer")


# Members that are bytes; JSON carries them in base64.
BLOBS = {"Plaintext", "CiphertextBlob"}


class Driver:
    """Keeps one client per service."""

    def __init__(self, endpoint, account, region):
        self.session = boto3.Session(
            aws_access_key_id=account,
            aws_secret_access_key="any",
            region_name=region,
        )
        self.endpoint = endpoint
        self.clients = {}

    def client(self, service):
        """Returns the service's client and its methods by operation name."""
        if service not in self.clients:
            client = self.session.client(
                service,
                endpoint_url=self.endpoint,
                config=botocore.config.Config(retries={"total_max_attempts": 1}),
            )
            methods = {o: m for m, o in client.meta.method_to_api_mapping.items()}
            self.clients[service] = client, methods
        return self.clients[service]

    def call(self, service, operation, **members):
        """Makes one call and returns the answer's line."""
        client, methods = self.client(service)
        for name in BLOBS & members.keys():
            members[name] = base64.b64decode(members[name])
        try:
            output = getattr(client, methods[operation])(**members)
        except botocore.exceptions.ClientError as e:
            return {
                "error": {
                    "code": e.response["Error"].get("Code", ""),
                    "message": e.response["Error"].get("Message", ""),
                    "status": e.response["ResponseMetadata"]["HTTPStatusCode"],
                }
            }
        except (
            botocore.exceptions.BotoCoreError,
            botocore.parsers.ResponseParserError,
        ) as e:
            return {"error": {"code": type(e).__name__, "message": str(e), "status": 0}}
        output.pop("ResponseMetadata", None)
        return {"output": output}


def main():
    driver = Driver(*sys.argv[1:4])
    for line in sys.stdin:
        request = json.loads(line)
        answer = driver.call(
            request["service"], request["operation"], **request.get("input", {})
        )
        print(json.dumps(answer, default=plain), flush=True)


main()
