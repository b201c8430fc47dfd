/* One try-on job from the order to its end, as glam_tryon's engine handles it.
 *
 * Two workers, one Glam, one user who may cancel; a worker may stall between any two statements
 * and one worker may die anywhere. Checked by tests/worker/test_model.py, explained in
 * docs/exactly-once.md.
 *
 * A d_step is one transaction. That is exact on READ COMMITTED too, where a transaction is not
 * atomic: an UPDATE that matched holds its row until the commit, so it may as well happen at the
 * commit. One that matched nothing holds nothing, and here it ends its d_step: others may come in.
 *
 *   -DPROGRESS   the database's clock is explicit, a live worker stalls past its lease at most
 *                STALLS times, and steps that would only find "not yet" are left out: then no run
 *                may be endless. Without it leases and waits end whenever they like.
 *   -DCANCEL     a user may cancel at any time.
 *   -DAGE        a submission may outlive JOB_MAX_AGE_SECONDS while its POST is under way.
 *   -DPERSON     somebody with the permission may resubmit an unconfirmed job, once.
 *   -DBUG_...    one deliberate mistake each; every one must be found.
 *   -DNEVER=END  claims that no run ends with END, one of the four below, to see that one does.
 */

#ifndef SUBS
#define SUBS 2                  /* submissions of the job; MAX_SUBMISSIONS has the same value */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef STALLS
#define STALLS 2
#endif

/* The job's row. token: 0 is none, else the worker's number, for a worker does one step at a time;
 * resting: it has no queue, so nobody claims it. */
mtype = { pending, submitting, unconfirmed, at_glam, ready, failed, canceled };
mtype status = pending;
byte token = 0;
bool resting = false;
bool needs_person = false;

/* The submissions' rows, from 1. */
mtype = { intended, accepted, not_sent, refused, ambiguous, dead };
typedef Submission {
    mtype outcome;
    bool sent; bool fetched; bool revoked; bool closed; bool event; bool old
};
Submission sub[SUBS + 1];
byte last = 0;
bool allotting = false;         /* the lock of Account: one claim of slots at a time */

/* Glam's side, and what only an observer of everything knows. */
typedef Post { bool written; bool taken; bool said_no; bool drawn; bool over; bool asked };
Post post[SUBS + 1];
byte generations = 0;           /* submissions that Glam took and whose photo it got */
byte crashes = CRASHES;
bool by_hand = false;           /* a person resubmitted */

/* The clock. due: next_step_at is in the past, so the job may be claimed and a lease is over. */
#ifdef PROGRESS
bool due = true;
bool busy[3];                   /* the worker is alive and inside a step */
byte stalls = STALLS;
#define DUE due
#define LEASE_HOLDS !due
#define LEASED due = false; busy[me] = true
#define END s = 0; busy[me] = false
#define LATER due = false
#define AT_ONCE due = true
#else
#define DUE true
#define LEASE_HOLDS true        /* whether it does is chosen where it is asked */
#define LEASED skip
#define END s = 0
#define LATER skip
#define AT_ONCE skip
#endif

#define OPEN (status != ready && status != failed && status != canceled)
#define MINE (token == me)
#define UNCLEAR(s) (sub[s].outcome == intended || sub[s].outcome == ambiguous)
#define CAME_TO_NOTHING(s) (sub[s].outcome == not_sent || sub[s].outcome == refused || \
    sub[s].outcome == dead || (sub[s].outcome == accepted && sub[s].revoked))
#define CRASH :: d_step { crashes > 0 -> crashes--; END } goto end_idle

/* TryOnJob's methods, and the claim of a slot with its intent. */
#define ALLOT token = me; status = submitting; last++; s = last; sub[s].outcome = intended; LEASED
#define TO_PENDING status = pending; token = 0; needs_person = false; AT_ONCE
#define WAIT_FOR_SLOT \
    if \
    :: MINE && (status == submitting || status == unconfirmed) -> TO_PENDING \
    :: else \
    fi
#define HOLD_UNCONFIRMED \
    if \
    :: MINE && status == submitting -> status = unconfirmed; token = 0; LATER \
    :: else \
    fi
#define ENTER_QUEUE \
    if \
    :: status == submitting || status == unconfirmed || status == at_glam -> \
        status = at_glam; token = 0; resting = false; needs_person = false; LATER \
    :: else \
    fi
#define FAIL \
    if \
    :: MINE && OPEN -> status = failed; token = 0; resting = true \
    :: else \
    fi
#define CANCELED status = canceled; token = 0; resting = false; AT_ONCE
#define SNOOZE \
    if \
    :: MINE -> token = 0; LATER \
    :: else \
    fi
#define REST \
    if \
    :: MINE -> token = 0; resting = true \
    :: else \
    fi

/* TryOnSubmission's. */
#define CLOSE(s, word) sub[s].outcome = word; sub[s].closed = true
#define REVOKE(s) sub[s].outcome = dead; sub[s].revoked = true; sub[s].closed = true
#define FETCHABLE(s) (!sub[s].revoked)
#define CLOSABLE(s) (sub[s].outcome == intended)
#define MAY_SEND(s) (sub[s].outcome == intended && !sub[s].sent && !sub[s].revoked && MINE && \
    LEASE_HOLDS)
#define MARK(s) sub[s].sent = true
#define MAY_GIVE_UP(s) (UNCLEAR(s) && !sub[s].fetched)
#define GIVE_UP(s) REVOKE(s)
#define ALIVE(s) (!sub[s].revoked)
#define NEWEST(s) (s == last)
#define FOUND_DEAD(s) CAME_TO_NOTHING(s)
#define FENCE (MINE && (status == submitting || status == unconfirmed))

/* The deliberate mistakes. */
#ifdef BUG_revoke_although_fetched
#undef MAY_GIVE_UP
#define MAY_GIVE_UP(s) UNCLEAR(s)
#endif
#ifdef BUG_resend_without_revoking
#undef GIVE_UP
#define GIVE_UP(s) CLOSE(s, ambiguous)
#endif
#ifdef BUG_fetch_ignores_revoked
#undef FETCHABLE
#define FETCHABLE(s) true
#endif
#ifdef BUG_send_without_mark
#undef MARK
#define MARK(s) skip
#endif
#ifdef BUG_mark_ignores_the_lease
#undef MAY_SEND
#define MAY_SEND(s) (sub[s].outcome == intended && !sub[s].sent && !sub[s].revoked)
#endif
#ifdef BUG_accept_adopts_anything
#undef ALIVE
#define ALIVE(s) true
#undef NEWEST
#define NEWEST(s) true
#endif
#ifdef BUG_accept_refuses_what_is_closed_by_age
#undef ALIVE
#define ALIVE(s) (!sub[s].revoked && !sub[s].closed)
#endif
#ifdef BUG_old_answer_takes_over
#undef NEWEST
#define NEWEST(s) true
#endif
#ifdef BUG_settle_blind
#undef FOUND_DEAD
#define FOUND_DEAD(s) false
#endif
#ifdef BUG_settle_unfenced
#undef FENCE
#define FENCE true
#endif

/* PROGRESS: asking again and finding nothing new changes nothing. */
#ifdef PROGRESS
#define NEWS_UNCONFIRMED (!needs_person || !sub[last].fetched || !UNCLEAR(last) || sub[last].old)
#define NEWS_AT_GLAM (!sub[last].event || post[last].over)
#define NEWS_CANCELED (last == 0 || sub[last].closed || sub[last].old || \
    (sub[last].event -> post[last].over : (!sub[last].fetched || !UNCLEAR(last))))
#else
#define NEWS_UNCONFIRMED true
#define NEWS_AT_GLAM true
#define NEWS_CANCELED true
#endif

proctype Worker(byte me) {
    byte s = 0;                 /* the submission that this step is about */

end_idle:
    if
#ifdef CANCEL
    :: d_step { status == pending && DUE && last < SUBS && !allotting -> allotting = true }
       goto allot
#else
    :: d_step { status == pending && DUE && last < SUBS -> ALLOT }
       goto submit
#endif
    :: d_step { status == submitting && DUE -> token = me; LEASED }
       goto settle_dead
    :: d_step { status == unconfirmed && !resting && DUE && NEWS_UNCONFIRMED -> token = me; LEASED }
       goto settle_unclear
    :: d_step { status == at_glam && DUE && NEWS_AT_GLAM -> token = me; s = last; LEASED }
       goto poll
#ifdef CANCEL
    :: d_step { status == canceled && !resting && DUE && NEWS_CANCELED -> token = me; LEASED }
       goto wind_down
#endif
    fi;

#ifdef CANCEL
allot: /* between claim_submissions' SELECT and its UPDATE */
    if
#ifdef BUG_claim_overwrites_cancel
    :: d_step { allotting = false; assert(status != canceled); ALLOT }          /* P5 */
#else
    :: d_step { status == pending -> allotting = false; ALLOT }
    :: d_step { status != pending -> allotting = false }
       goto end_idle
#endif
    fi;
#endif

submit:
    if
    CRASH
    :: goto take_back                   /* no connection, a name that is not found, ... */
    :: d_step { CLOSABLE(s) -> CLOSE(s, not_sent) }
       goto move_back                   /* trouble before it: two transactions */
    :: d_step { MAY_SEND(s) -> MARK(s); assert(MINE) }                           /* P2 */
    :: !MAY_SEND(s) -> goto take_back
#ifndef PROGRESS
    :: goto take_back                   /* the lease is over at this instant */
#endif
    fi;
    if
    CRASH
    :: d_step {                         /* P2; and nobody but the lease's owner revokes: P6 */
        assert(sub[s].sent); assert(!(MINE && sub[s].revoked));
        post[s].written = true
       }
    fi;
    if
    CRASH
    :: post[s].taken -> goto accept
    :: post[s].said_no -> goto take_back
    :: post[s].said_no -> goto refuse
    :: goto doubt                       /* time-out, reset, 5xx, unreadable */
    fi;

take_back: /* the slot back, the job back to pending */
    if
    CRASH
    :: d_step { CLOSABLE(s) -> CLOSE(s, not_sent); WAIT_FOR_SLOT; END }
       goto end_idle
    :: !CLOSABLE(s)
    fi;
move_back:
    if
    CRASH
    :: d_step { WAIT_FOR_SLOT; END }
       goto end_idle
    fi;

refuse: /* for good */
    if
    CRASH
    :: d_step { CLOSABLE(s) -> CLOSE(s, refused); FAIL; END }
       goto end_idle
    :: d_step { !CLOSABLE(s) -> FAIL; END }
       goto end_idle
    fi;

accept:
    if
    CRASH
    :: d_step {
        ALIVE(s) ->
        sub[s].event = true; sub[s].outcome = accepted;
        if
        :: NEWEST(s) -> ENTER_QUEUE
        :: else
        fi;
        END
       }
       goto end_idle
    :: d_step { !ALIVE(s) -> sub[s].event = true; sub[s].outcome = accepted; END }
       goto end_idle
    fi;

settle_dead: /* the job was submitting when it was claimed */
    if
    CRASH
    :: d_step { FOUND_DEAD(last) -> s = last }
       goto send_again
    :: d_step { !FOUND_DEAD(last) -> s = last }
    fi;
    if
    CRASH
    :: d_step { sub[s].outcome == intended && !FENCE -> END }
       goto end_idle                    /* rolled back */
    :: d_step { sub[s].outcome == intended && !sub[s].sent && FENCE -> CLOSE(s, not_sent);
        WAIT_FOR_SLOT; END }
       goto end_idle
    :: d_step { sub[s].outcome == intended && sub[s].sent && FENCE -> sub[s].outcome = ambiguous;
        HOLD_UNCONFIRMED; END }
       goto end_idle
    :: sub[s].outcome != intended       /* and so it stays */
    fi;
hold:
    if
    :: d_step { HOLD_UNCONFIRMED; END }
       goto end_idle
    fi;

doubt: /* the end of a submit that stayed unclear */
#ifdef BUG_resend_ambiguous
    if
    :: d_step { CLOSE(s, ambiguous); WAIT_FOR_SLOT; END }
       goto end_idle
    fi;
#endif
    if
    CRASH
    :: d_step { sub[s].outcome == intended -> sub[s].outcome = ambiguous; HOLD_UNCONFIRMED; END }
       goto end_idle
    :: sub[s].outcome != intended -> goto hold
    fi;

settle_unclear: /* the job was unconfirmed when it was claimed: the grace is over */
    if
    CRASH
    :: d_step { FOUND_DEAD(last) -> s = last }
       goto send_again
    :: d_step { !FOUND_DEAD(last) -> s = last }
    fi;
    if
    CRASH
    :: d_step {
        MAY_GIVE_UP(s) && FENCE -> GIVE_UP(s);
        if
        :: s >= SUBS -> FAIL
        :: else -> WAIT_FOR_SLOT
        fi;
        END
       }
       goto end_idle
    :: d_step { MAY_GIVE_UP(s) && !FENCE -> END }
       goto end_idle                    /* rolled back */
    :: !MAY_GIVE_UP(s)
    fi;
    if
    :: d_step {
        if
        :: sub[s].old && MINE && needs_person -> sub[s].closed = true; REST
        :: sub[s].old && MINE && !needs_person -> sub[s].closed = true; needs_person = true; SNOOZE
        :: !sub[s].old && MINE -> needs_person = true; SNOOZE
        :: else
        fi;
        END
       }
       goto end_idle
    fi;

send_again:
    if
    CRASH
    :: d_step { WAIT_FOR_SLOT; END }
       goto end_idle
    fi;

poll:
    if
    CRASH
    :: d_step { !sub[s].event -> assert(false) }                                /* P3 */
    :: d_step {
        sub[s].event && post[s].over ->
        if
        :: MINE && OPEN ->
            status = (post[s].drawn -> ready : failed); token = 0; resting = true;
            post[s].asked = true; sub[s].closed = true
        :: else
        fi;
        END
       }
       goto end_idle
    :: d_step { sub[s].event && !post[s].over -> SNOOZE; END }
       goto end_idle
    fi;

#ifdef CANCEL
wind_down:
    if
    CRASH
    :: d_step { last == 0 || sub[last].closed -> REST; END }
       goto end_idle
    :: d_step { last > 0 && !sub[last].closed -> s = last }
    fi;
    if
    CRASH
    :: d_step { sub[s].old || (sub[s].event && post[s].over) -> sub[s].closed = true }
       goto rest
    :: d_step { !sub[s].old && sub[s].event && !post[s].over -> SNOOZE; END }
       goto end_idle
    :: !sub[s].old && !sub[s].event && sub[s].outcome == intended && !sub[s].sent ->
       goto rest_unsent
    :: !sub[s].old && !sub[s].event && (sub[s].outcome != intended || sub[s].sent)
    fi;
    if
    CRASH
    :: d_step { MAY_GIVE_UP(s) -> REVOKE(s) }
       goto rest
    :: d_step { !MAY_GIVE_UP(s) -> SNOOZE; END }
       goto end_idle
#ifndef PROGRESS
    :: d_step { SNOOZE; END }           /* the POST may still be on its way */
       goto end_idle
#endif
    fi;
rest_unsent:
    if
    CRASH
    :: d_step { sub[s].outcome == intended && !sub[s].sent -> CLOSE(s, not_sent) }
    :: d_step { sub[s].outcome != intended || sub[s].sent -> SNOOZE; END }
       goto end_idle
    fi;
rest:
    if
    CRASH
    :: d_step { REST; END }
       goto end_idle
    fi;
#endif
}

/* What Glam does with one submission. It decides and fetches whenever it likes. That it is over is
 * seen by who asks about the event, so it may as well be over only then. */
proctype Glam(byte s) {
end_waiting:
    if
    :: d_step { post[s].written -> post[s].taken = true }
    :: d_step { post[s].written -> post[s].said_no = true }
       goto end
    :: post[s].written -> goto end      /* it never arrived */
    fi;
end_photo: /* HEAD changes nothing; GET does as for_glam and fetch_photo() do */
    do
    :: d_step {
        FETCHABLE(s) && !post[s].drawn ->
        sub[s].fetched = true; post[s].drawn = true; generations++;
        assert(generations <= 1 || by_hand)                                     /* P1 */
       }
#ifndef PROGRESS
    :: FETCHABLE(s) && post[s].drawn    /* once more, and it is served again */
#endif
    :: d_step { sub[s].event && !post[s].over -> post[s].over = true }
       goto end
    od;
end:
    skip
}

#ifdef PROGRESS
proctype Clock() {
end_clock:
    do
    :: d_step { !due && !resting && !(token != 0 && busy[token]) -> due = true }
    :: d_step { !due && !resting && token != 0 && busy[token] && stalls > 0 ->
        stalls--; due = true }
    od
}
#endif

#ifdef AGE
proctype Age() {
    byte i = 0;

    if
    :: d_step { last > 0 && !sub[last].closed && UNCLEAR(last) -> i = last; sub[i].old = true }
       sub[i].closed = true             /* release_lost_slots() */
    :: true
    fi
}
#endif

#ifdef CANCEL
/* jobs.cancel(), at any time or never. When its first UPDATE matches nothing, others may come in
 * before its second. */
proctype User() {
    byte i = 1;
    bool any = false;

    if
    :: OPEN
    :: goto content
    fi;
    d_step {
        do
        :: i <= SUBS ->
            if
            :: i <= last && !sub[i].closed && !sub[i].fetched && !sub[i].revoked && OPEN ->
                any = true; sub[i].revoked = true
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        if
        :: any -> CANCELED
        :: else
        fi
    }
    if
    :: any
    :: else ->
        d_step {
            if
            :: OPEN -> CANCELED
            :: else
            fi
        }
    fi;
content:
    any = false
}
#endif

#ifdef PERSON
proctype Person() {
    if
    :: d_step { status == unconfirmed -> by_hand = true; TO_PENDING; resting = false }
    :: true
    fi
}
#endif

#define READY_BY_THE_SECOND (status == ready && sub[1].revoked)
#define GAVE_UP (status == failed && sub[SUBS].revoked)
#define WAITS_FOR_A_PERSON (status == unconfirmed && needs_person)
#define READY_AFTER_A_CRASH (status == ready && post[1].asked && crashes == 0)

/* Nothing can move any more: where did it come to rest? */
proctype Observer() {
    byte i = 1;

    timeout;
#ifdef NEVER
    assert(!NEVER);
#endif
    if
    :: status == ready || status == failed
    :: status == canceled && (resting || (UNCLEAR(last) && sub[last].fetched))
    :: status == unconfirmed && UNCLEAR(last) && sub[last].fetched && (needs_person || resting)
    :: status == pending && last == SUBS        /* the model's own limit */
    :: else -> assert(false)                                                    /* P4 */
    fi;
    do
    :: i <= last ->
        assert(!sub[i].event || sub[i].revoked || post[i].asked || status == canceled || by_hand);
        i++                                                                     /* P3 */
    :: else -> break
    od
}

init {
    byte i = 1;
    atomic {
        run Worker(1); run Worker(2);
        do
        :: i <= SUBS -> run Glam(i); i++
        :: else -> break
        od;
        i = 0;
#ifdef PROGRESS
        run Clock();
#endif
#ifdef CANCEL
        run User();
#endif
#ifdef AGE
        run Age();
#endif
#ifdef PERSON
        run Person();
#endif
        run Observer()
    }
}
