"""List prices in USD, in one dated table. They change: https://aws.amazon.com/pricing has today's."""

from __future__ import annotations

REGION = "us-east-1"
CHECKED = "2026-11"
HOURS = 730.0
DAYS = HOURS / 24

PRICES = {
    "cloudwatch metric": 0.30,  # a month each, charged by the hour in which it is published
    "cloudwatch put": 0.01 / 1_000,
    "cloudwatch alarm": 0.10,
    "cloudwatch alarm, 10 s": 0.30,
    "cloudwatch dashboard": 3.00,
    "log GB": 0.50,
    "lambda GB-s": 0.0000166667,
    "lambda request": 0.20 / 1_000_000,
    "scheduler invocation": 1.00 / 1_000_000,
    "sqs fifo request": 0.50 / 1_000_000,
    "dynamodb read": 0.125 / 1_000_000,  # 4 KB, consistent
    "dynamodb write": 0.625 / 1_000_000,  # 1 KB
    "kms key": 1.00,
    "kms request": 0.03 / 10_000,
    "s3 read": 0.0004 / 1_000,
    "xray trace": 5.00 / 1_000_000,
    "ebs gp3 GB": 0.08,
    "public IPv4 hour": 0.005,
}

INSTANCES = {
    # On demand, Linux, an hour.
    "t3.small": 0.0208,
    "t3.medium": 0.0416,
    "t3.large": 0.0832,
    "t3.xlarge": 0.1664,
    "t4g.medium": 0.0336,
    "t4g.large": 0.0672,
    "m5.large": 0.096,
    "m5.xlarge": 0.192,
    "m6i.large": 0.096,
    "m6i.xlarge": 0.192,
    "m7i.large": 0.1008,
    "m7i.xlarge": 0.2016,
    "m7g.large": 0.0816,
    "m7g.xlarge": 0.1632,
    "c5.large": 0.085,
    "c5.xlarge": 0.17,
    "c6i.large": 0.085,
    "c6i.xlarge": 0.17,
    "c7g.large": 0.0725,
    "c7g.xlarge": 0.145,
    "r6i.large": 0.126,
    "g5.xlarge": 1.006,
}
