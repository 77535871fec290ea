"""What letters cost: so much each month for each account, counted before a letter goes."""

from datetime import date

from sqlalchemy import update

from storage.desk import Desk
from storage.tables import spending


class Spending(Desk):
    """The purse of each account. It is counted in the claim that lets a letter go."""

    @property
    def month_on(self) -> date:
        """The first day of this month in Vietnam."""
        return self.today.replace(day=1)

    def spent(self, account: str) -> int:
        """Return how much an account has spent this month, in đồng."""
        row = self._first(spending, account=account, month_on=self.month_on)
        return 0 if row is None else int(row.spent)

    def spend(self, account: str, price: int, letters: int) -> None:
        """Count what *letters* cost together; who claims for the account holds its pace."""
        self._add_once(spending, account=account, month_on=self.month_on, spent=0, letters=0)
        self._count(account, self.month_on, price, letters)

    def give_back(self, account: str, month_on: date, price: int) -> None:
        """Take back what was counted for a letter that certainly did not go."""
        self._count(account, month_on, -price, -1)

    def _count(self, account: str, month_on: date, price: int, letters: int) -> None:
        self.connection.execute(
            update(spending)
            .where(spending.c.account == account, spending.c.month_on == month_on)
            .values(spent=spending.c.spent + price, letters=spending.c.letters + letters)
        )
