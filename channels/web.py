"""The web chat on our own page: nothing is sent there, the page reads the outbox by itself."""

from bot.speech import Abilities

# It cannot ring a phone, so that its receipts say: open this page again.
ABILITIES = Abilities(pushes=False, asks_identity=True, echoes=True, news_line="receipt-news-web")
