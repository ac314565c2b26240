package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// leaderElection lets two candidates run for one Lease: the first leads, and when it steps down the second does.
func leaderElection(ctx context.Context, world World) (Facts, error) {
	var mutex sync.Mutex
	history := []string{}
	note := func(text string) {
		mutex.Lock()
		defer mutex.Unlock()
		history = append(history, text)
	}
	candidate := func(ctx context.Context, identity string, led chan<- string) error {
		lock, err := resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, world.Namespace, "leader",
			resourcelock.ResourceLockConfig{Identity: identity}, world.Config, time.Second)
		if err != nil {
			return err
		}
		elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: lock, Name: identity, ReleaseOnCancel: true,
			LeaseDuration: 4 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 200 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { note(identity + " leads"); led <- identity },
				OnStoppedLeading: func() { note(identity + " stopped") },
			},
		})
		if err != nil {
			return err
		}
		elector.Run(ctx)
		return nil
	}
	led, ended := make(chan string, 2), make(chan error, 2)
	firstContext, stopFirst := context.WithCancel(ctx)
	defer stopFirst()
	secondContext, stopSecond := context.WithCancel(ctx)
	defer stopSecond()
	go func() { ended <- candidate(firstContext, "first", led) }()
	if err := leads(ctx, led, "first"); err != nil {
		return nil, err
	}
	go func() { ended <- candidate(secondContext, "second", led) }()
	// Long enough for several tries of the second while the first renews.
	time.Sleep(time.Second)
	stopFirst()
	if err := leads(ctx, led, "second"); err != nil {
		return nil, err
	}
	lease, err := world.Client.CoordinationV1().Leases(world.Namespace).Get(ctx, "leader", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	holder, transitions := *lease.Spec.HolderIdentity, *lease.Spec.LeaseTransitions
	stopSecond()
	for range 2 {
		if err := <-ended; err != nil {
			return nil, err
		}
	}
	return Facts{"history": history, "holder": holder, "transitions": transitions}, nil
}

func leads(ctx context.Context, led <-chan string, identity string) error {
	select {
	case leader := <-led:
		if leader != identity {
			return fmt.Errorf("%s leads, not %s", leader, identity)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s never led", identity)
	}
}
