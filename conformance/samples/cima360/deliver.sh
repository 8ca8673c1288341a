curl --location --request POST 'https://api.cima360.com/ott/v1/deliver' \
--header 'X-API-KEY: <api-key>' \
--header 'Content-Type: application/json' \
--data-raw '{
    "payload": [
        {
            "recipient": "573000000000",
            "templateID": "FRiuyt4563234a",
            "templateParameters": [
                "12356",
                "897456"
            ],
            "channelType": 3
        }
    ]
}'
