#include "pg.h"

#include "standby.h"

XLogRecPtr
users_received(void)
{
	return RecoveryInProgress() ? GetWalRcvFlushRecPtr(NULL, NULL)
								: InvalidXLogRecPtr;
}

bool
users_is_behind(XLogRecPtr received)
{
	return RecoveryInProgress() && GetXLogReplayRecPtr(NULL) < received;
}
