"""What the vendor imports and makes at its start, one after the other, without any care: importing this does it all."""

import boto3
import cachetools
import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

IMPORTED = (cachetools, rsa)
READER = jwt.PyJWT()
SESSION = requests.Session()
CLIENTS = (boto3.client("sts"), boto3.client("s3"), boto3.client("dynamodb"), boto3.client("kms"))
