from notifications.models.brand import Brand
from notifications.models.campaign import Campaign, CampaignText
from notifications.models.consent import Consent, Subscriber
from notifications.models.outgoing import BulkEmail, OutgoingEmail, Suppression

__all__ = [
    "Brand",
    "BulkEmail",
    "Campaign",
    "CampaignText",
    "Consent",
    "OutgoingEmail",
    "Subscriber",
    "Suppression",
]
