"""Prints the schemas of the events that the sandbox sends; see README.md."""

import gzip
import json
import sys

KEPT = {
    "aws.autoscaling@EC2InstanceLaunchSuccessful",
    "aws.autoscaling@EC2InstanceLaunchUnsuccessful",
    "aws.autoscaling@EC2InstanceTerminateSuccessful",
    "aws.autoscaling@AWSAPICallViaCloudTrail",
    "aws.ec2@EC2InstanceStateChangeNotification",
    "aws.ec2@AWSAPICallViaCloudTrail",
    "aws.kms@AWSAPICallViaCloudTrail",
}


def resolve(kind, types):
    """Returns a type as a name, {"array": element} or {"object": members}."""
    if kind["type"] == "ref":
        return members(kind["reference"]["$ref"], types)
    if kind["type"] == "array":
        return {"array": resolve(kind["element"], types)}
    return kind["type"]


def members(ref, types):
    """Returns an object's members; those not required end in a question mark."""
    return {
        "object": {
            name + ("" if p.get("required") else "?"): resolve(p["type"], types)
            for name, p in sorted(types[ref]["properties"].items())
        }
    }


def main():
    with gzip.open(sys.argv[1]) as f:
        schema = json.load(f)["schema"]
    types = {t["$id"]: t for t in schema["eventTypeDefinition"]["entities"]}
    found = {
        e["name"]: {
            "source": e["source"],
            "detail-type": e["detailType"],
            "detail": members(e["rootProperty"]["$ref"], types),
        }
        for e in schema["event"]["entities"]
        if e["name"] in KEPT
    }
    missing = KEPT - found.keys()
    if missing:
        sys.exit(f"not in the registry: {sorted(missing)}")
    json.dump(found, sys.stdout, indent=1, sort_keys=True)
    print()


main()
